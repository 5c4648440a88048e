/* Runs once, before every page test. */
export default function setup(): void {
  if (!process.env.MITMFLOW_TEST_SERVER) {
    throw new Error("MITMFLOW_TEST_SERVER must name the mitmflow binary to test");
  }
}
