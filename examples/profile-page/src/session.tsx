import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { Provider } from 'urql'

import { makeClient } from './client'

const Renew = createContext(() => {})

/** Call this when somebody has signed in or out: everything is asked anew, as them. */
export const useRenew = () => useContext(Renew)

export function SessionProvider({ children }: { children: ReactNode }) {
  const [visit, setVisit] = useState(0)
  const { client, close } = useMemo(makeClient, [visit])
  useEffect(() => close, [close])
  const renew = useCallback(() => setVisit((number) => number + 1), [])
  return (
    <Renew.Provider value={renew}>
      <Provider value={client}>{children}</Provider>
    </Renew.Provider>
  )
}
