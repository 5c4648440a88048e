/* Runs once, before every page test. */
export default function setup(): void {
  if (!process.env.MITMFLOW_BIN) {
    throw new Error("MITMFLOW_BIN must name the mitmflow binary to test");
  }
}
