// Sums that somebody types: yuan with at most two places, commas or not, never by floating point.

/** In fen; null: no sum. @param {unknown} typed */
export function centsOf(typed) {
  const kept = String(typed ?? '').replace(/[,，\s]/g, '');
  const found = /^(\d{1,11})(?:\.(\d{1,2}))?$/.exec(kept);
  return found ? Number(found[1]) * 100 + Number((found[2] ?? '').padEnd(2, '0')) : null;
}

/** 126,000.00 @param {number} cents */
export const yuanOf = (cents) => `${Math.floor(cents / 100).toLocaleString('en-US')}.${String(cents % 100).padStart(2, '0')}`;

/**
 * What one of several buttons says, or what was typed beside the last one.
 * @template T @param {FormData} fields @param {string} name @param {string} typed @param {(value: string) => T} read
 */
export function chosen(fields, name, typed, read) {
  const picked = fields.get(name);
  if (picked === null) return null;
  if (picked === 'other') return read(String(fields.get(typed) ?? ''));
  return name === 'amount' ? Number(picked) : String(picked);
}
