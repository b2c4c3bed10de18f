/**
 * A voice message with its player's state. Rows come and go while a thread is scrolled; a sound that plays stays, held by
 * the thread, and ends with it. Loaded with the first voice message in view.
 */
import type { AttachmentId, MessageId } from '../ipc/host';
import { leaves, plays } from '../shared/playing';

export class Sound {
  readonly attachment: AttachmentId;
  readonly message: MessageId;
  /** Whose and when. */
  readonly label: string;
  paused = $state(true);
  /** Seconds. */
  at = $state(0);
  /** Seconds; a stream tells its length late, or never. */
  length = $state(0);
  speed = $state(1);
  failed = $state(false);
  /** It played when its row left the screen: its controls are over the thread until the row is back. */
  held = $state(false);
  #audio = new Audio();

  constructor(attachment: AttachmentId, message: MessageId, label: string, address: string) {
    [this.attachment, this.message, this.label] = [attachment, message, label];
    const audio = this.#audio;
    const follow = () => {
      this.at = audio.currentTime;
      this.paused = audio.paused;
      if (!audio.paused) requestAnimationFrame(follow);
    };
    audio.addEventListener('play', () => {
      plays(audio);
      follow();
    });
    for (const event of ['pause', 'seeked']) audio.addEventListener(event, follow);
    audio.addEventListener('ended', () => (this.held = false));
    audio.addEventListener('durationchange', () => (this.length = Number.isFinite(audio.duration) ? audio.duration : 0));
    audio.addEventListener('error', () => (this.failed = true));
    audio.preload = 'metadata';
    audio.src = address;
  }

  toggle(): void {
    if (this.#audio.paused) this.#audio.play().catch(() => (this.failed = true));
    else this.#audio.pause();
  }

  seek(at: number): void {
    this.at = this.#audio.currentTime = at;
  }

  setSpeed(speed: number): void {
    this.speed = this.#audio.playbackRate = speed;
  }

  inView(yes: boolean): void {
    this.held = !yes && (this.held || !this.paused);
  }

  /** Silent, and nothing more is loaded. */
  end(): void {
    leaves(this.#audio);
    this.held = false;
    this.#audio.removeAttribute('src');
    this.#audio.load();
  }
}
