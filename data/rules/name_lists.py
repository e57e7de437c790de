"""The words by which masking knows a compound surname, a kind of trade and a form of company."""

_COMPOUND = """
欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶
太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良
漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 公户 公玉 公仪 梁丘 公仲
公上 公门 公山 公坚 左丘 公伯 西门 公祖 第五 公乘 贯丘 公皙 南荣 东里 东宫 仲长 子书 子桑 即墨 达奚
褚师
"""
COMPOUND_SURNAMES = frozenset(_COMPOUND.split())

# Kinds of trade only, never a name: what is not in this list is not shown.
_TRADES = """
房地产开发 建筑工程 建筑劳务 建筑装饰 装饰工程 物业管理 物业服务 汽车销售 汽车租赁 汽车运输 小额贷款 融资担保
融资租赁 资产管理 投资管理 人力资源 劳务派遣 信息技术 网络科技 机械设备 五金机电 电子商务 食品加工 农业开发
文化传媒 教育培训 酒店管理 农村商业 供应链 进出口 房地产 混凝土 建材 建筑 装饰 装修 物业 工程 劳务 汽车
运输 物流 快递 仓储 贸易 商贸 商务 科技 电子 电器 机械 机电 设备 五金 模具 塑料 塑胶 橡胶 化工 医药
医疗 纺织 服装 服饰 鞋业 家具 木业 石材 陶瓷 玻璃 钢铁 钢材 金属 铝业 包装 印刷 纸业 食品 饮料 餐饮
粮油 酒业 茶业 农业 养殖 种植 水产 渔业 林业 园林 绿化 环保 能源 电力 燃气 石油 矿业 煤炭 投资 担保
典当 租赁 保险 证券 基金 金融 信用 置业 地产 咨询 广告 传媒 文化 教育 培训 旅游 体育 娱乐 健身 美容
家政 保安 中介 代理 律师 会计 村镇 农商 商业 批发 零售 百货 建设 安装 水泥 砖瓦 砂石 沙石 灯饰 照明
卫浴 洁具 门窗 电线 电缆 轮胎 汽配 维修
"""
TRADES = tuple(_TRADES.split())

# What stands at the end of a name and how it is shown; the first that fits: a bank is a bank, and 股份有限公司 ends in 公司 too.
_FORMS = """
支行=银行 银行=银行 股份有限公司=公司 有限责任公司=公司 有限公司=公司 分公司=公司 公司=公司 合伙企业=合伙企业 专业合作社=合作社
合作社=合作社 村民委员会=村委会 居民委员会=居委会 村委会=村委会 居委会=居委会 个体工商户=个体工商户
事务所=事务所 工作室=工作室 经营部=经营部 商行=商行 集团=集团 医院=医院 学校=学校
酒店=酒店 宾馆=宾馆 饭店=饭店 超市=超市 中心=中心 工厂=厂 厂=厂 店=店 场=场 社=社 局=机关
委员会=机关 人民政府=机关
"""
COMPANY_FORMS = tuple((ending, form) for ending, _, form in (words.partition("=") for words in _FORMS.split()))
