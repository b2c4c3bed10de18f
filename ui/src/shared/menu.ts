/** What a menu holds. */
import type { Component } from 'svelte';

export type MenuEntry =
  | { kind: 'action'; label: string; icon?: Component<{ size?: number }>; keys?: string; bad?: boolean; run: () => void }
  | { kind: 'choice'; heading: string; value: string; options: { value: string; label: string }[]; choose: (value: string) => void };
