import { expect, it } from 'vitest';
import { inboxLink } from './links';

it('opens the inbox of the provider, whose link has no host, and nothing else', () => {
  expect(inboxLink('/4195/inbox/t_56/')).toBe('https://www.facebook.com/4195/inbox/t_56/');
  expect(inboxLink('https://business.facebook.com/latest/inbox')).toBe('https://business.facebook.com/latest/inbox');
  for (const link of [null, 'javascript:alert(1)', 'file:///etc/passwd', 'https://a@evil.test/']) expect(inboxLink(link)).toBeNull();
});
