/* Where menus are put: within a landmark, as all that a page says should be. */
export const landmark = (): HTMLElement | null => document.querySelector("main");
