import { LiveClient } from "./connection/client";
import { firstRows } from "./connection/first";
import { readPlace } from "./place/place";
import { startAppearance } from "./settings/appearance";
import { fetchOlder, fetchSorted } from "./store/fetch";
import { Store } from "./store/store";
import { persistent } from "./ui/late";
import "./ui/tokens.css";
import "./ui/page.css";
import "./filter/filter.css";
import "./list/list.css";

/*
 * Asks for what the page shows first, while what draws it is still on its way:
 * the build has the browser load both at once.
 */
startAppearance();

const store = new Store(readPlace(location.search).filter, { fetchOlder, fetchSorted });
const client = new LiveClient((message) => store.take(message));
const first = firstRows(store.filter).then((rows) => rows && store.begin(rows));

void persistent(() => import("./render")).then(async ({ render }) => {
  await render({ store, client }, first);
  client.start(store.filter);
});
