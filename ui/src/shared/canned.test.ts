import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CannedReply } from '../ipc/host';
import { firstBlank } from './blank';
import { fill, filled, findReplies, firstName, slashQuery, type Values, variables } from './canned';

const ines: Values = { 'first name': 'Ines', name: 'Ines Duarte', business: 'Corner Bakery', account: '@corner' };
const nobody: Values = { 'first name': null, name: null, business: 'Corner Bakery', account: null };

const value = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('{{name}}', '{{', '}}', '$&', '$1', '\\', '{{first name}}{{business}}', '👩🏽‍🍳'));
const values: fc.Arbitrary<Values> = fc.record({ 'first name': fc.option(value), name: fc.option(value), business: fc.option(value), account: fc.option(value) });
/** Half a character of two units. */
const halves = (text: string) => /\p{Cs}/u.test(text);
/** Texts with variables, blanks and broken braces among any characters. */
const text = fc.array(fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom(...variables.map((one) => `{{${one}}}`), '{{ NAME }}', '{{order number}}', '{{}}', '{{{name}}}', '{{', '}}', '{', '\n', '👋🏽', 'مرحبا')), { maxLength: 12 }).map((parts) => parts.join(''));

describe('a canned reply', () => {
  it('says who it goes to', () => {
    expect(filled('Hello {{first name}}, {{business}} here.', ines)).toEqual({ text: 'Hello Ines, Corner Bakery here.', blank: undefined });
    expect(filled('{{ NAME }} {{First  Name}} {{account}}', ines).text).toBe('Ines Duarte Ines @corner');
    expect(filled('{name} {{{name}}} { {name} }', ines).text).toBe('{name} {Ines Duarte} { {name} }');
  });

  it('keeps as a blank what has no value, known or not, and tells where the first is', () => {
    expect(filled('Hi {{name}}, order {{order number}}.', nobody)).toEqual({ text: 'Hi {{name}}, order {{order number}}.', blank: [3, 11] });
    expect(filled('👋🏽 {{first name}}: {{order number}}', ines)).toEqual({ text: '👋🏽 Ines: {{order number}}', blank: [11, 27] });
    expect(filled('{{}}', ines).blank).toEqual([0, 4]);
  });

  it('never reads a name for variables', () => {
    expect(filled('Hello {{name}}!', { ...ines, name: '{{business}} $& {{account}}' }).text).toBe('Hello {{business}} $& {{account}}!');
  });

  it('puts each value in once and leaves every other character as it was, whatever they are', () => {
    fc.assert(fc.property(text, values, (text, values) => {
      const marks: Record<string, string> = Object.fromEntries(variables.map((one, i) => [one, String.fromCharCode(0xe000 + i)]));
      // Told apart by characters that no value has, the variables are where their values were put.
      const plain = text.replace(/[\ue000-\ue003]/g, '');
      const marked = fill(plain, { 'first name': '\ue000', name: '\ue001', business: '\ue002', account: '\ue003' }).map((piece) => piece.text).join('');
      const wanted = marked.replace(/[\ue000-\ue003]/g, (mark) => {
        const variable = variables.find((one) => marks[one] === mark);
        return (variable && values[variable]) ?? mark;
      });
      const some = { ...values };
      for (const one of variables) some[one] ??= marks[one] ?? null;
      expect(fill(plain, some).map((piece) => piece.text).join('')).toBe(wanted);
    }));
  });

  it('has its first blank where it says, on whole characters, and what has a blank is not sent', () => {
    fc.assert(fc.property(text, values, (text, values) => {
      const { text: said, blank } = filled(text, values);
      const torn = [text, ...Object.values(values)].some((one) => one !== null && halves(one));
      expect(torn || !halves(said)).toBe(true);
      if (!blank) return;
      expect(said.slice(...blank)).toMatch(/^\{\{[^{}\n]*\}\}$/);
      expect(torn || !halves(said.slice(0, blank[0]))).toBe(true);
      const first = firstBlank(said);
      expect(first).not.toBeNull();
      // A name may hold braces of its own: they are a blank too, and come no later.
      expect(first?.[0]).toBeLessThanOrEqual(blank[0]);
    }));
  });
});

describe('the first name', () => {
  it('is the first word with a letter in it', () => {
    expect(firstName('Ines Duarte')).toBe('Ines');
    expect(firstName('🌸 ريم الخطيب')).toBe('ريم');
    expect(firstName('山本 柚子')).toBe('山本');
    expect(firstName('★ 42 ★')).toBeNull();
  });
});

describe('a slash', () => {
  const reply = (id: number, title: string, word: string | null, text = ''): CannedReply => ({ id, title, word, text });
  const replies = [reply(1, 'Welcome', 'hello'), reply(2, 'Opening hours', 'hours', 'Tuesday to Saturday'), reply(3, 'Übergabe', null), reply(4, 'After hours', 'after')];
  const found = (query: string) => findReplies(replies, query).map((one) => one.id);

  it('searches at the very beginning of the text, up to the caret', () => {
    expect(slashQuery('/', 1)).toBe('');
    expect(slashQuery('/hou and more', 4)).toBe('hou');
    expect(slashQuery('/after hours', 12)).toBe('after hours');
    for (const [text, caret] of [['', 0], ['/', 0], [' /a', 3], ['a/b', 3], ['/a\nb', 4], ['/ a', 3], [`/${'a'.repeat(41)}`, 42]] as const) expect(slashQuery(text, caret)).toBeNull();
  });

  it('finds by word, title and text, and is satisfied with letters without accents', () => {
    expect(found('')).toEqual([1, 2, 3, 4]);
    expect(found('h')).toEqual([1, 2, 4]);
    expect(found('hours')).toEqual([2, 4]);
    expect(found('uber')).toEqual([3]);
    expect(found('saturday')).toEqual([2]);
    expect(found('sa')).toEqual([]);
  });
});
