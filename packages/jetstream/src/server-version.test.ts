// Versions are compared by number, and what is no version is not supported.

import { expect, it } from 'vitest'
import { isSupportedServer } from './server-version.ts'

it('takes 2.10.27 and everything later', () => {
  const later = ['2.10.27', '2.10.28', '2.11.0', '2.15.1', '3.0.0', '2.11.0-preview.2', 'v2.10.27']
  expect(later.filter((version) => !isSupportedServer(version))).toEqual([])
  const others = ['2.10.26', '2.9.10', '2.2.30', '1.99.99', '', 'unknown']
  expect(others.filter(isSupportedServer)).toEqual([])
})
