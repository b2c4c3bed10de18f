/** Names and sizes of files, as they are shown. */

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

/** *812 B*, *1.2 MB*: powers of 1000, as file managers count. */
export function fileSize(bytes: number): string {
  let power = 0;
  let value = bytes;
  while (value >= 999.5 && power < units.length - 1) {
    value /= 1000;
    power += 1;
  }
  return new Intl.NumberFormat(undefined, { style: 'unit', unit: units[power] ?? 'gigabyte', unitDisplay: power === 0 ? 'long' : 'short', maximumFractionDigits: value < 10 && power > 0 ? 1 : 0 }).format(value);
}

/** Marks that turn the direction of text, and everything that is drawn as nothing: a name can hide its ending in them. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** Characters of the end that stay: an extension and a little of what is before it. */
const END = 12;

/** A name of at most `most` characters, cut in the middle so that its extension stays. */
export function shortName(name: string, most = 40): string {
  const letters = [...name.replaceAll(HIDDEN, '').trim()];
  if (letters.length <= most) return letters.join('');
  return `${letters.slice(0, most - END - 1).join('')}…${letters.slice(-END).join('')}`;
}

/** *PDF*, from `application/pdf` or the name; `null`: neither tells. */
export function fileType(mime: string | null, name: string | null): string | null {
  const ending = /\.([a-z0-9]{1,5})$/i.exec(name?.replaceAll(HIDDEN, '') ?? '')?.[1] ?? /^[a-z]+\/([a-z0-9]{2,5})$/i.exec(mime ?? '')?.[1];
  return ending?.toLocaleUpperCase() ?? null;
}

/** *0:14*, *12:03*, *1:02:03*: a place in a recording. */
export function clock(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  return h > 0 ? `${h}:${two(min)}:${two(s)}` : `${min}:${two(s)}`;
}
