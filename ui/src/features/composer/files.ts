/** Whether the files of a draft can be sent as they stand, by the platform's rules. The inbox has the last word. */
import type { AttachRules, OutgoingFile, OutgoingKind } from '../../ipc/host';

export type FileProblem =
  | { kind: 'preparing' }
  | { kind: 'refused' }
  | { kind: 'too_many'; most: number }
  | { kind: 'not_here'; what: OutgoingKind }
  | { kind: 'text_needed' };

const counters: Record<OutgoingKind, 'images' | 'videos' | 'audios' | 'files'> = { image: 'images', video: 'videos', audio: 'audios', file: 'files' };

/** What keeps them from being sent; the user's part first. `null`: nothing. */
export function fileProblem(files: readonly OutgoingFile[], rules: AttachRules, hasText: boolean): FileProblem | null {
  if (files.length === 0) return null;
  if (files.some((file) => file.state.kind === 'refused')) return { kind: 'refused' };
  if (files.length > rules.at_once) return { kind: 'too_many', most: rules.at_once };
  const barred = files.find((file) => file.kind !== null && rules[counters[file.kind]] === 0);
  if (barred?.kind) return { kind: 'not_here', what: barred.kind };
  if (rules.text === 'required' && !hasText) return { kind: 'text_needed' };
  return files.some((file) => file.state.kind === 'preparing') ? { kind: 'preparing' } : null;
}

/** The list with one of it at another place. */
export function moved<T>(all: readonly T[], from: number, to: number): T[] {
  const rest = all.filter((_, i) => i !== from);
  const one = all[from];
  const at = Math.min(Math.max(0, to), rest.length);
  return one === undefined ? [...all] : [...rest.slice(0, at), one, ...rest.slice(at)];
}
