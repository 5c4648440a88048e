import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useLive } from "../store/hooks";
import { arrivedPlace, type Place, readPlace, writePlace } from "./place";

/* `isStep`: Back undoes it. */
export type Go = (change: Partial<Place>, isStep?: boolean) => void;

const PlaceContext = createContext<{ place: Place; go: Go } | null>(null);

/* Where the reader is, kept in step with the address bar. */
export function PlaceProvider({ children }: { children: ReactNode }) {
  const { store, client } = useLive();
  const [place, setPlace] = useState(() => readPlace(location.search));

  const isStep = useRef(false);
  const go = useCallback(
    (change: Partial<Place>, step = false) => {
      isStep.current ||= step;
      // What it finds is on its way while the page is drawn for it.
      if (change.filter !== undefined) store.setFilter(change.filter, client);
      setPlace((before) => ({ ...before, ...change }));
    },
    [store, client],
  );

  useEffect(() => {
    writePlace(place, isStep.current);
    isStep.current = false;
    store.setOrder(place.sort, place.ascending);
    store.setFilter(place.filter, client);
  }, [place, store, client]);

  useEffect(() => {
    const moved = () => {
      const place = arrivedPlace();
      if (place) setPlace(place);
    };
    addEventListener("popstate", moved);
    return () => removeEventListener("popstate", moved);
  }, []);

  const value = useMemo(() => ({ place, go }), [place, go]);
  return <PlaceContext value={value}>{children}</PlaceContext>;
}

export function usePlace(): { place: Place; go: Go } {
  const value = useContext(PlaceContext);
  if (!value) throw new Error("no PlaceContext");
  return value;
}
