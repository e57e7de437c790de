// Says what a press would do now; the press itself is a plain form and needs none of this.

const texts = JSON.parse(document.getElementById('ecc-texts')?.textContent ?? '{}');
const ASK_MS = 3_000;
const form = document.querySelector('form');
/** @param {string} id @param {string} said */
const say = (id, said) => { const at = document.getElementById(id); if (at && at.textContent !== said) at.textContent = said; };

async function look() {
  try {
    const answer = await fetch(`${location.pathname.replace(/\/$/, '')}/now`, { cache: 'no-store' });
    if (answer.status === 404) { location.reload(); return; }
    if (!answer.ok) throw new Error(String(answer.status));
    const now = await answer.json();
    document.body.dataset.phase = now.phase;
    say('what', now.stops ? texts.stop : texts.check);
    say('who', now.stops ? texts.stop_words : texts.check_words);
    say('effect', now.done ? texts.known : texts[now.phase]);
  } catch {
    say('effect', texts.no_server);
  }
}

if (form) {
  form.addEventListener('submit', () => setTimeout(() => { const key = form.querySelector('button'); if (key) key.disabled = true; })); // after it was sent: one press is enough
  setInterval(look, ASK_MS);
}
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
