/** Addresses that a provider gave. */

/** Graph writes the place of a conversation in its inbox without the host (`reference/meta-graph.md` 3). */
const FACEBOOK = 'https://www.facebook.com';

/** The provider's inbox, if its link is one that `open_link` opens. */
export function inboxLink(link: string | null): string | null {
  if (link === null || !URL.canParse(link, FACEBOOK)) return null;
  const url = new URL(link, FACEBOOK);
  return url.protocol === 'https:' && url.username === '' && url.password === '' ? url.href : null;
}
