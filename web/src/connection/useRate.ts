import { useEffect, useState } from "react";
import { useLive } from "../store/hooks";
import { RateMeter } from "./rate";

/* Flows that come to the server in a second, whatever the filter, in whole
 * ones; told anew once a second. */
export function useRate(): number {
  const { store } = useLive();
  const [rate, setRate] = useState(0);
  useEffect(() => {
    const meter = new RateMeter();
    const measure = () => {
      const { total, evicted } = store.getView();
      if (total !== null) meter.add(total + evicted, Date.now());
      setRate(Math.round(meter.rate));
    };
    measure();
    const timer = setInterval(measure, 1000);
    return () => clearInterval(timer);
  }, [store]);
  return rate;
}
