import { beautify } from "./beautify";
import { type Job, layOut, layOutText } from "./layout";
import type { Answer, Order } from "./orders";

/* Lays texts out one after the other, away from the page. */

const post = (answer: Answer) => postMessage(answer);

async function parts({ bytes, charset, style }: Job) {
  if (style === "plain" || style === "json") return layOut({ bytes, charset, style });
  const text = new TextDecoder(charset).decode(bytes);
  return layOutText(await beautify(text, style));
}

let running = 0;
const channel = new MessageChannel();

/* Resolves after the messages that came meanwhile were heard. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  });
}

async function run(id: number, job: Job): Promise<void> {
  running = id;
  try {
    const laid = await parts(job);
    while (running === id) {
      const next = laid.next();
      if (next.done) return post({ id, end: next.value });
      post({ id, batch: next.value });
      await turn();
    }
  } catch (error) {
    post({ id, error: String(error) });
  }
}

const stopped = new Set<number>();
let last = Promise.resolve();

addEventListener("message", ({ data }: MessageEvent<Order>) => {
  if ("stop" in data) {
    if (running === data.stop) running = 0;
    else stopped.add(data.stop);
    return;
  }
  const { id, job } = data;
  last = last.then(() => (stopped.delete(id) ? undefined : run(id, job)));
});
