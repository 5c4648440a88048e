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

async function run({ id, job }: Order): Promise<void> {
  try {
    const laid = await parts(job);
    for (;;) {
      const next = laid.next();
      if (next.done) return post({ id, end: next.value });
      post({ id, batch: next.value });
    }
  } catch (error) {
    post({ id, error: String(error) });
  }
}

let last = Promise.resolve();

addEventListener("message", (event: MessageEvent<Order>) => {
  last = last.then(() => run(event.data));
});
