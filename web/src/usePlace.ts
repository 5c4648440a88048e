import { useCallback, useEffect, useState } from "react";
import { type Place, readPlace, writePlace } from "./filter/location";
import { useLive } from "./store/hooks";

/* The filter and the open flow, kept in step with the address bar. */
export function usePlace(): [Place, (change: Partial<Place>) => void] {
  const { store, client } = useLive();
  const [place, setPlace] = useState(() => readPlace(location.search));

  const go = useCallback((change: Partial<Place>) => {
    setPlace((before) => ({ ...before, ...change }));
  }, []);

  useEffect(() => {
    writePlace(place);
    store.setFilter(place.filter, client);
  }, [place, store, client]);

  useEffect(() => {
    const moved = () => setPlace(readPlace(location.search));
    addEventListener("popstate", moved);
    return () => removeEventListener("popstate", moved);
  }, []);

  return [place, go];
}
