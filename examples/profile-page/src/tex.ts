import 'katex/dist/katex.min.css'

import { decodeHTML } from 'entities'
import renderMathInElement from 'katex/contrib/auto-render'

const delimiters = [
  { left: '$$', right: '$$', display: true },
  { left: '$', right: '$', display: false },
  { left: '\\(', right: '\\)', display: false },
  { left: '\\[', right: '\\]', display: true },
]

// KaTeX is for what stands between dollars; of commands around it there are few that abstracts have.
function withoutCommands(text: string): string {
  return text
    .replace(/~?\\cite\{[^{}]*\}/g, '')
    .replace(/\\footnote\{([^{}]*)\}/g, ' ($1)')
    .replace(/\\(?:emph|text|textbf|textit|texttt|textsc|url)\{([^{}]*)\}/g, '$1')
    .replace(/\\([%&#_])/g, '$1')
}

/** Show a text in which there are entities and LaTeX; what is not known of it stays as it is. */
export function show(element: HTMLElement, text: string) {
  const parts = decodeHTML(text).split(/(\$[^$]+\$)/)
  element.textContent = parts.map((part) => (part.startsWith('$') ? part : withoutCommands(part))).join('')
  renderMathInElement(element, { delimiters, throwOnError: false, errorColor: 'inherit' })
}
