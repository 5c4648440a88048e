/*
 * Where the reader is in a list of lines of one height.
 *
 * `offset` is the truth: pixels from the start of the list, however long it
 * is. The element that scrolls only stands for it: its own height ends where
 * browsers' end (`heightMax`), and while flows come before those in view it
 * lags behind until nobody scrolls. So small steps of it move the list by as
 * many pixels, and great ones (the thumb was dragged) to the same part of it.
 */
// Firefox stops at some 17.8 million pixels, Chromium at twice as many.
export const heightMax = 8_000_000;
// So near to an end a pixel is a pixel, or the end would come too early.
const endPx = 3000;

export class ScrollMap {
  offset = 0;
  private last = 0;

  count = 0;
  row = 1;
  /* Height of what is seen of the list. */
  view = 0;

  get total(): number {
    return this.count * this.row;
  }

  get max(): number {
    return Math.max(0, this.total - this.view);
  }

  /* The height of what scrolls. */
  get height(): number {
    return Math.min(this.total, heightMax);
  }

  private get scrollMax(): number {
    return Math.max(0, this.height - this.view);
  }

  /* Where the element ought to stand. */
  get scrollTop(): number {
    const { offset, max, scrollMax } = this;
    if (this.total <= heightMax || max === 0) return Math.round(offset);
    const least = Math.min(offset, endPx);
    const most = scrollMax - Math.min(max - offset, endPx);
    return Math.round(Math.min(most, Math.max(least, (offset / max) * scrollMax)));
  }

  /* The element can stay where it is: the list does not end before it. */
  get isInReach(): boolean {
    return this.last <= this.scrollMax;
  }

  get isInStep(): boolean {
    return Math.abs(this.scrollTop - this.last) < 1;
  }

  resize(count: number, row: number, view: number): void {
    // The line at the top stays there when lines change their height.
    if (row !== this.row) this.offset = (this.offset / this.row) * row;
    this.count = count;
    this.row = row;
    this.view = view;
    this.go(this.offset);
  }

  go(offset: number): void {
    this.offset = Math.min(this.max, Math.max(0, offset));
  }

  /* The element was put where it ought to stand, and says that it is here. */
  settled(scrollTop: number): void {
    this.last = scrollTop;
  }

  /* The element has not left where it was seen last: to be put somewhere is
   * told to it as scrolling is. */
  isStill(scrollTop: number): boolean {
    return scrollTop === this.last;
  }

  /* The element has scrolled. */
  scrolled(scrollTop: number): void {
    const step = scrollTop - this.last;
    this.last = scrollTop;
    const isScaled = this.total > heightMax;
    // The least that a dragged thumb moves by is twice as much, if scaled.
    const most = isScaled ? heightMax / this.view / 2 : 3 * this.view;
    if (Math.abs(step) <= most) this.go(this.offset + step);
    else if (!isScaled) this.go(scrollTop);
    else this.go((scrollTop / this.scrollMax) * this.max);
  }

  /* The element can go no further that way, the list can. */
  get isStuck(): boolean {
    const { last, scrollMax, offset, max } = this;
    return (last <= 0 && offset > 0) || (last >= scrollMax && offset < max);
  }

  /* The lines in view, the last one not included. */
  get lines(): { first: number; end: number } {
    const first = Math.floor(this.offset / this.row);
    const end = Math.ceil((this.offset + this.view) / this.row);
    return { first, end: Math.min(this.count, end) };
  }

  /* Brings a line into view if it is not. */
  show(line: number): void {
    const top = line * this.row;
    if (top < this.offset) this.go(top);
    else if (top + this.row > this.offset + this.view)
      this.go(top + this.row - this.view);
  }
}
