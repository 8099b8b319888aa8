export const url = new URL('/graphql', location.href).href

// Kept by the page alone: after a reload, the browser's cookie says who it is.
let token = null

/** The header that lets in whoever signed in here. */
export function authorization() {
  return token === null ? {} : { Authorization: `Bearer ${token}` }
}

export function signedIn(by) {
  token = by
}

/** `fetch`, signed in; a header that the visitor has written into a tab comes first. */
export function asked(input, init = {}) {
  const headers = new Headers(authorization())
  new Headers(init.headers).forEach((value, name) => headers.set(name, value))
  return fetch(input, { ...init, headers })
}

/** The answer to an operation; what kept it from being asked is an error of it. */
export async function ask(query, variables = {}) {
  try {
    const response = await asked(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query, variables }),
    })
    return await response.json()
  } catch {
    return { errors: [{ message: 'The service cannot be reached. Try again.' }] }
  }
}
