import { createRoot } from "react-dom/client";
import { App } from "./App";
import { LiveClient } from "./connection/client";
import { readPlace } from "./place/place";
import { PlaceProvider } from "./place/usePlace";
import { startAppearance } from "./settings/appearance";
import { fetchOlder, fetchSorted } from "./store/fetch";
import { LiveContext } from "./store/hooks";
import { Store } from "./store/store";
import "./ui/tokens.css";
import "./ui/page.css";
import "./filter/filter.css";
import "./list/list.css";

startAppearance();

const store = new Store(readPlace(location.search).filter, { fetchOlder, fetchSorted });
const client = new LiveClient((message) => store.take(message));
client.start(store.filter);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <LiveContext value={{ store, client }}>
      <PlaceProvider>
        <App />
      </PlaceProvider>
    </LiveContext>,
  );
}
