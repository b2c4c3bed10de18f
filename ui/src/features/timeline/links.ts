/** The text of a stranger as pieces: text and links. Never HTML. */
import { tokenize } from 'linkifyjs';

export type Piece = { kind: 'text'; text: string } | { kind: 'link'; text: string; url: string; host: string };

/** Longer than any platform allows, so something is wrong with it: shown as it is, without looking for links. */
const MOST = 20_000;

export function pieces(text: string): Piece[] {
  if (text.length > MOST || !/[.:@]/.test(text)) return [{ kind: 'text', text }];
  const found: Piece[] = [];
  for (const token of tokenize(text)) {
    const link = token.isLink ? target(token.toHref('https')) : null;
    if (link) found.push({ kind: 'link', text: token.toString(), ...link });
    else {
      const last = found.at(-1);
      if (last?.kind === 'text') last.text += token.toString();
      else found.push({ kind: 'text', text: token.toString() });
    }
  }
  return found;
}

/** Only what `open_link` would open, with the host it truly goes to. */
function target(href: string): { url: string; host: string } | null {
  if (!URL.canParse(href)) return null;
  const url = new URL(href);
  if (url.protocol === 'mailto:') return { url: url.href, host: url.pathname };
  if ((url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === '') return { url: url.href, host: url.host };
  return null;
}
