import { describe, expect, it, vi } from 'vitest';
import type { Host, SearchHit, SearchInside, SearchPage } from '../../ipc/host';
import { host } from '../../state/test-support';
import { Search } from './search.svelte';

const hit = (message: number): SearchHit => ({ message, conversation: 1, at: message, direction: 'in', kind: 'text', snippet: null });
const page = (ids: number[], next: string | null = null, inside = true): SearchPage => ({
  hits: ids.map(hit),
  conversations: [],
  next,
  understood: { words: ['x'], filters: [], inside },
});
const found = (ids: number[], next: string | null = null): SearchInside => ({ hits: ids.map(hit), conversations: [], next, looked_at: 10 });

function searching(answers: Partial<Host>) {
  const search = new Search(host({ stopSearch: () => Promise.resolve(null), ...answers }), null, 0);
  return {
    search,
    async type(text: string) {
      search.text = text;
      await search.ask();
    },
  };
}
const rests = (search: Search) => vi.waitUntil(() => search.inside !== 'running' && search.inside !== 'none');

describe('a search', () => {
  it('shows what was asked last, whatever answers last', async () => {
    const answers = new Map<string, (page: SearchPage) => void>();
    const { search } = searching({ search: (query) => new Promise((resolve) => answers.set(query.text ?? '', resolve)) });
    search.text = 'c';
    const first = search.ask();
    search.text = 'ca';
    const second = search.ask();
    answers.get('ca')?.(page([2], null, false));
    await second;
    answers.get('c')?.(page([1], null, false));
    await first;
    expect(search.hits.map((one) => one.message)).toEqual([2]);
    expect(search.busy).toBe(false);
  });

  it('reads on while pages are short', async () => {
    const pages: Record<string, SearchPage> = { '': page([], 'a'), 'a': page([5], 'b'), 'b': page([4], null, false) };
    const { search, type } = searching({ search: (_, after) => Promise.resolve(pages[after ?? ''] ?? page([])) });
    await type('from:ines');
    expect(search.hits.map((one) => one.message)).toEqual([5, 4]);
    expect(search.more).toBe(false);
  });

  it('looks inside of words when the rest is read, step by step', async () => {
    const steps: Record<string, SearchInside> = { '': found([], 'a'), 'a': found([3, 2], 'b'), 'b': found([1]) };
    const { search, type } = searching({ search: () => Promise.resolve(page([9])), searchInside: (_, after) => Promise.resolve(steps[after ?? ''] ?? found([])) });
    await type('deliver');
    await rests(search);
    expect(search.inner.map((one) => one.message)).toEqual([3, 2, 1]);
    expect([search.inside, search.lookedAt]).toEqual(['done', 30]);
  });

  it('stops looking inside of words, keeps what was found, and can go on', async () => {
    const stopSearch = vi.fn(() => Promise.resolve(null));
    let answer: (found: SearchInside) => void = () => undefined;
    const { search, type } = searching({ stopSearch, search: () => Promise.resolve(page([])), searchInside: () => new Promise((resolve) => (answer = resolve)) });
    await type('deliver');
    await vi.waitUntil(() => search.inside === 'running');
    await new Promise((done) => setTimeout(done));
    search.stop();
    answer(found([7], 'a'));
    await Promise.resolve();
    expect([search.inside, search.inner.length, stopSearch.mock.calls.length]).toEqual(['stopped', 0, 1]);
    search.resume();
    await new Promise((done) => setTimeout(done));
    answer(found([7]));
    await rests(search);
    expect(search.inner.map((one) => one.message)).toEqual([7]);
  });

  it('asks nothing for nothing', async () => {
    const { search, type } = searching({});
    await type('  ');
    expect(search.asked).toBeNull();
    expect(search.empty).toBe(true);
  });

  it('says what went wrong, and forgets it with the next question', async () => {
    let fails = true;
    const { search, type } = searching({ search: () => (fails ? Promise.reject(new Error('gone')) : Promise.resolve(page([1], null, false))) });
    await type('x');
    expect(search.error?.code).toBe('internal');
    fails = false;
    await type('xy');
    expect([search.error, search.hits.length]).toEqual([null, 1]);
  });
});
