// Goal: plans of groups draw what they say. Method: all that a plan draws, counted.
import { expect, test } from 'vitest'
import { contentionPlan, multiTransferPlan, partitionPlan } from './group-plan.ts'

const draws = 2000

test('a multi-transfer takes so many different accounts', () => {
  const plan = multiTransferPlan('a', 6, 4, 3)
  for (let draw = 0; draw < draws; draw++) {
    const group = plan.group(plan.pick())
    expect(new Set(group).size).toBe(4)
    expect(plan.keys).toEqual(expect.arrayContaining([...group]))
  }
  const pick = plan.pick()
  const [first, ...others] = plan.group(pick)
  expect(plan.bareCall(pick)).toEqual(['Account', first, 'transferToAll', [others, 3]])
})

test('exactly one key of a contended transaction is hot', () => {
  const plan = contentionPlan('c', 2, 50, 10)
  expect(plan.keys.length).toBe(52)
  const hot = new Set(plan.keys.slice(0, 2))
  const seen = new Set<string>()
  for (let draw = 0; draw < draws; draw++) {
    const group = plan.group(plan.pick())
    expect(new Set(group).size).toBe(10)
    expect(group.filter((key) => hot.has(key))).toEqual([group[0]])
    seen.add(group[0]!)
  }
  expect(seen).toEqual(hot)
})

test.each([0, 0.1, 1])('a share of %s of calls reaches over two partitions, half in each', (share) => {
  const partitionOf = (key: string): number => Number(key.slice(1)) % 8
  const plan = partitionPlan('p', { count: 400, size: 10, share, partitionOf })
  let over = 0
  for (let draw = 0; draw < draws; draw++) {
    const group = plan.group(plan.pick())
    expect(new Set(group).size).toBe(10)
    const partitions = group.map(partitionOf)
    const found = [...new Set(partitions)].map((one) => partitions.filter((other) => other === one).length)
    expect([[10], [5, 5]]).toContainEqual(found)
    if (found.length === 2) over += 1
  }
  expect(Math.abs(over / draws - share)).toBeLessThan(0.03)
})
