// TPC-C's NewOrder and Payment as scripts of Redis: a hash a row, and a string for an order with its lines.

import type { Redis } from 'ioredis'
import type { Tpcc, TpccTotals } from '../systems/system.ts'
import { priceOf, tpccScale } from '../tpcc-plan.ts'

/** The scripts, as ioredis defines them; all take one argument of JSON. */
interface Scripts {
  tpccNewOrder(count: 0, order: string): Promise<number>
  tpccPayment(count: 0, payment: string): Promise<unknown>
}

const newOrder = `
local order = cjson.decode(ARGV[1])
local district = 'tpcc:d:' .. order.warehouse .. ':' .. order.district
local customer = district .. ':c:' .. order.customer
local taxes = 5 + tonumber(redis.call('HGET', 'tpcc:w:' .. order.warehouse, 'tax') or 5)
local discount = tonumber(redis.call('HGET', customer, 'discount') or 10)
local sum = 0
for index, line in ipairs(order.lines) do
  local stock = 'tpcc:s:' .. line.supplier .. ':' .. line.item
  local quantity = tonumber(redis.call('HGET', stock, 'quantity') or 100)
  if quantity >= line.quantity + 10 then quantity = quantity - line.quantity else quantity = quantity - line.quantity + 91 end
  redis.call('HSET', stock, 'quantity', quantity)
  redis.call('HINCRBY', stock, 'ytd', line.quantity)
  redis.call('HINCRBY', stock, 'orders', 1)
  if line.supplier ~= order.warehouse then redis.call('HINCRBY', stock, 'remote', 1) end
  sum = sum + line.quantity * order.prices[index]
end
local number = redis.call('HINCRBY', district, 'orders', 1)
redis.call('HINCRBY', district, 'lines', #order.lines)
order.total = sum * (100 - discount) * (100 + taxes) / 10000
redis.call('SET', district .. ':o:' .. number, cjson.encode(order))
return number`

const payment = `
local payment = cjson.decode(ARGV[1])
redis.call('HINCRBY', 'tpcc:w:' .. payment.warehouse, 'ytd', payment.amount)
redis.call('HINCRBY', 'tpcc:d:' .. payment.warehouse .. ':' .. payment.district, 'ytd', payment.amount)
local customer = 'tpcc:d:' .. payment.customerWarehouse .. ':' .. payment.customerDistrict .. ':c:' .. payment.customer
redis.call('HINCRBY', customer, 'balance', -payment.amount)
redis.call('HINCRBY', customer, 'ytd', payment.amount)
redis.call('HINCRBY', customer, 'payments', 1)`

/** Defines the scripts; rows are there when they are first used. */
export function redisTpcc(redis: Redis): Tpcc {
  redis.defineCommand('tpccNewOrder', { lua: newOrder })
  redis.defineCommand('tpccPayment', { lua: payment })
  const client = redis as Redis & Scripts
  return {
    newOrder: (order) =>
      client.tpccNewOrder(0, JSON.stringify({ ...order, prices: order.lines.map(({ item }) => priceOf(item)) })),
    payment: (paid) => client.tpccPayment(0, JSON.stringify(paid)),
    totals: () => totalsIn(client),
  }
}

async function totalsIn(client: Redis): Promise<TpccTotals> {
  const { warehouses, districts, items } = tpccScale
  const sum = async (keys: readonly string[], field: string): Promise<number> => {
    const values = await Promise.all(keys.map((key) => client.hget(key, field)))
    return values.reduce((total, value) => total + Number(value ?? 0), 0)
  }
  const each = (count: number, keyOf: (warehouse: number, index: number) => string): readonly string[] =>
    Array.from({ length: warehouses * count }, (_, index) => keyOf(Math.floor(index / count), index % count))
  const districtKeys = each(districts, (warehouse, district) => `tpcc:d:${warehouse}:${district}`)
  return {
    orders: await sum(districtKeys, 'orders'),
    orderLines: await sum(districtKeys, 'lines'),
    sold: await sum(
      each(items, (warehouse, item) => `tpcc:s:${warehouse}:${item}`),
      'ytd',
    ),
    paidWarehouses: await sum(
      each(1, (warehouse) => `tpcc:w:${warehouse}`),
      'ytd',
    ),
    paidDistricts: await sum(districtKeys, 'ytd'),
  }
}
