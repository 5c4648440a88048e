import { Alarm, type OnAlarm } from "./alarm";
import type { Calls } from "./feed";
import { alarmsMost } from "./protocol";
import type { Slots } from "./slots";

/* The alarms of all tabs: one for each filter, the first few of them. */
export class Alarms {
  private readonly running = new Map<string, Alarm>();

  constructor(
    private readonly calls: Calls,
    private readonly slots: Slots,
    private readonly onAlarm: OnAlarm,
  ) {}

  /* From now on these and no others are watched. */
  set(filters: Iterable<string>): void {
    const wanted = new Set([...new Set(filters)].slice(0, alarmsMost));
    for (const [filter, alarm] of this.running) {
      if (wanted.has(filter)) continue;
      alarm.close();
      this.running.delete(filter);
    }
    for (const filter of wanted) {
      if (this.running.has(filter)) continue;
      const { calls, slots, onAlarm } = this;
      this.running.set(filter, new Alarm(filter, calls, slots, onAlarm));
    }
  }
}
