/** The present, for ages and deadlines in words. Ticks only while the page is on screen. */

const TICK_MS = 5_000;

export class Clock {
  /** Milliseconds since 1970, at most one tick old. */
  now = $state(Date.now());

  /** Starts ticking; answers how to stop. */
  start(): () => void {
    const tick = () => {
      if (document.visibilityState === 'visible') this.now = Date.now();
    };
    const timer = setInterval(tick, TICK_MS);
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }
}
