/* Where the focus goes when what had it is gone: to the list, if there is one. */
export function focusList(): void {
  document.querySelector<HTMLElement>("[role=grid]")?.focus();
}
