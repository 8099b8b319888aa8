import { useState } from 'react'
import { type CombinedError, type TypedDocumentNode, useMutation } from 'urql'

import { useRenew } from './session'

type Answer = { done: { userErrors: { message: string }[] } }

/** What went wrong, in the service's own sentences. */
export function problems(error: CombinedError | undefined): string[] {
  if (!error) return []
  if (error.networkError) return ['The service cannot be reached. Try again in a moment.']
  return error.graphQLErrors.map(({ message }) => message)
}

/** A mutation under the name `done`: how to do it, whether it is under way, and why it was refused. */
export function useAct<Data extends Answer, Variables extends object>(document: TypedDocumentNode<Data, Variables>) {
  const [{ fetching }, execute] = useMutation<Data, Variables>(document)
  const renew = useRenew() // for whose session has ended meanwhile
  const [refusals, setRefusals] = useState<string[]>([])

  async function act(variables: Variables): Promise<Data['done'] | null> {
    const { data, error } = await execute(variables)
    if (error?.graphQLErrors.some(({ extensions }) => extensions.code === 'UNAUTHENTICATED')) renew()
    const told = [...problems(error), ...(data?.done.userErrors ?? []).map(({ message }) => message)]
    setRefusals(told)
    return told.length === 0 && data ? data.done : null
  }

  return { act, isBusy: fetching, refusals }
}
