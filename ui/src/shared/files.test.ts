import { describe, expect, it } from 'vitest';
import { fileSize, fileType, shortName } from './files';

describe('the name of a file', () => {
  it('keeps its extension however long it is', () => {
    const long = `${'very-'.repeat(40)}long.invoice.pdf`;
    expect(shortName(long)).toHaveLength(40);
    expect(shortName(long)).toMatch(/^very-.*….*invoice\.pdf$/);
    expect(shortName('short.pdf')).toBe('short.pdf');
  });

  it('cannot turn its ending around or hide it', () => {
    expect(shortName('photo\u202Egpj.exe')).toBe('photogpj.exe');
    expect(fileType(null, 'photo\u202Egpj.exe')).toBe('EXE');
    expect(shortName('a\u0000\u2028b\u200B.txt')).toBe('ab.txt');
  });

  it('cuts no character in half', () => {
    expect(shortName('🎂'.repeat(60))).toBe(`${'🎂'.repeat(27)}…${'🎂'.repeat(12)}`);
  });
});

describe('the size of a file', () => {
  it('has the unit that reads best', () => {
    expect([0, 999, 1_200, 1_250_000, 45_000_000, 3_000_000_000].map(fileSize)).toEqual(['0 bytes', '999 bytes', '1.2 kB', '1.3 MB', '45 MB', '3 GB']);
  });
});
