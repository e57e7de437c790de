/* What can be done with a clip as it stands, and the sentence that says why not: by the clip alone, so that a test can ask. */

/** @typedef {import('./doors.mjs').Clip} Clip */

/** Whether the file is being made. @param {Clip} clip */
export const making = (clip) => clip.rendering.state === 'ASKED' || clip.rendering.state === 'RUNNING';

/** What keeps this reviewer from certifying, as a key of the texts; null: nothing. @param {Clip} clip @param {boolean} unsaved @param {number} left_ms @returns {string | null} */
export const keptFromCertifying = (clip, unsaved, left_ms) => {
  const { release } = clip;
  if (release?.state === 'REVOKED') return 'certify_revoked';
  if (release?.state === 'CERTIFIED_2' || release?.state === 'LIVE') return 'certify_done';
  if (!clip.may.certify) return 'certify_no';
  if (clip.minor === true) return 'certify_minor';
  if (clip.minor === null) return 'certify_unsaid';
  if (unsaved) return 'certify_unsaved';
  if (!clip.sha256 || release?.state === 'PROPOSED') return 'certify_none';
  if (!release) return 'certify_propose';
  if (clip.signed) return 'certify_mine';
  return left_ms > 0 ? 'certify_watch' : null;
};

/** Where the plan stands, as a key of the texts. @param {Clip} clip @param {boolean | null} minor @param {boolean} unsaved */
export const standing = (clip, minor, unsaved) => {
  if (!clip.may.mask) return 'only_look';
  if (minor === null) return 'minor.first';
  if (unsaved) return clip.sha256 || clip.release?.certified.length ? 'saved_voids' : 'not_saved';
  if (clip.rendering.state === 'FAILED') return clip.rendering.why ? `why.${clip.rendering.why}` : 'render_failed';
  if (clip.sha256) return 'made';
  return clip.rendering.state === 'CANCELLED' ? 'cancelled' : 'all_saved';
};

/** What the main button does next. @param {Clip} clip @param {boolean} unsaved @returns {'save_and_render' | 'render' | 'to_review'} */
export const nextStep = (clip, unsaved) => {
  if (unsaved && clip.may.mask) return 'save_and_render';
  return clip.sha256 ? 'to_review' : 'render';
};
