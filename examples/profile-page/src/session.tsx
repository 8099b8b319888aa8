import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { Provider } from 'urql'

import { makeClient } from './client'

const Renew = createContext(() => {})

/** Call this when somebody has signed in or out: everything is asked anew, as them. */
export const useRenew = () => useContext(Renew)

const ClientNumber = createContext(0)

/** Which client, and so which cache, it is: another for each visitor. */
export const useClientNumber = () => useContext(ClientNumber)

export function SessionProvider({ children }: { children: ReactNode }) {
  const [visit, setVisit] = useState(0)
  const { client, close } = useMemo(makeClient, [visit])
  useEffect(() => close, [close])
  const renew = useCallback(() => setVisit((number) => number + 1), [])
  return (
    <Renew.Provider value={renew}>
      <ClientNumber.Provider value={visit}>
        <Provider value={client}>{children}</Provider>
      </ClientNumber.Provider>
    </Renew.Provider>
  )
}
