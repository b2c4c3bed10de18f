/** What the window has room for. */
import { MediaQuery } from 'svelte/reactivity';

/** Below this the contact panel opens over the thread. */
export const hasRoomForPanel = new MediaQuery('width >= 1180px');
