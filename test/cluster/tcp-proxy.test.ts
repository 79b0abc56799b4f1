// A proxy that is used for faults must not add any of its own.

import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { TcpProxy } from './tcp-proxy.ts'

test('lets everything through but what it holds back', async () => {
  const heard: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      heard.push(bytes.toString())
      socket.write(`heard ${bytes.toString()}`)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await TcpProxy.start(`nats://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const client = connect(Number(new URL(proxy.url).port), '127.0.0.1')
  client.on('error', () => {})
  const answers: string[] = []
  client.on('data', (bytes) => answers.push(bytes.toString()))

  client.write('one')
  await once(client, 'data')
  expect(answers).toEqual(['heard one'])

  proxy.block('from-server')
  client.write('two')
  while (heard.length < 2) await new Promise((resolve) => setImmediate(resolve))
  expect(answers).toEqual(['heard one'])
  proxy.unblock()
  await once(client, 'data')
  expect(answers.join(' ')).toBe('heard one heard two')

  proxy.cut()
  await once(client, 'close')
  await proxy.close()
  await once(server.close(), 'close')
})
