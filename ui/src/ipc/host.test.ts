import { describe, expect, it } from 'vitest';
import en from '../../messages/en.json';
import { codeSentence } from './errors';
import { asUserError, Refused } from './host';

describe('errors', () => {
  it('are ours or a mistake of ours', () => {
    const error = { code: 'offline', retry_at: null, detail: 'x' } as const;
    expect(asUserError(new Refused(error))).toEqual(error);
    expect(asUserError(error)).toEqual(error);
    expect(asUserError('boom').code).toBe('internal');
    expect(asUserError(new Error('boom')).detail).toBe('boom');
  });

  it('have a sentence each', () => {
    expect(codeSentence('newer_data')).toBe(en.error_newer_data);
  });
});
