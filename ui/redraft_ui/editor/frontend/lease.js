// For how long the task is reserved, on the server's clock, and keeping it so while somebody works.

export class Lease {
  /** `on` has `tick(secondsLeft)` and `renew()`, which is asked for at most once a quarter of the lease. */
  constructor(on) {
    this.on = on;
    this.timer = setInterval(() => this.#tick(), 1000);
  }

  /** Hold until `expires` (server's seconds; null: not reserved at all); `now` is the server's time. */
  begin({ expires_at: expires, now, lease_seconds: seconds }) {
    this.skew = now - Date.now() / 1000;
    Object.assign(this, { seconds, asked: 0, lost: false });
    this.until(expires);
  }

  until(expires) {
    this.expires = expires;
    this.#tick();
  }

  /** It went back to the worklist. */
  lose() {
    this.lost = true;
    this.expires = null;
  }

  /** Seconds left; null without a lease. */
  get left() { return this.expires ? this.expires - this.skew - Date.now() / 1000 : null; }

  /** Somebody does something: worth a longer lease once a quarter of it is gone. */
  active() {
    const left = this.left;
    if (left === null || this.lost || left > 0.75 * this.seconds) return;
    const now = Date.now() / 1000;
    if (now - this.asked < Math.min(this.seconds / 8, 30)) return;
    this.asked = now;
    this.on.renew();
  }

  close() { clearInterval(this.timer); }

  #tick() {
    if (this.left !== null) this.on.tick(this.left);
  }
}

/** A time that is left, in words: exact only when it matters. */
export function duration(seconds) {
  if (seconds >= 90) return `${Math.round(seconds / 60)} min`;
  const whole = Math.max(Math.ceil(seconds), 0);
  return whole >= 60 ? `1 min ${whole - 60} s` : `${whole} s`;
}
