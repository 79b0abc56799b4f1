// TPC-C's NewOrder and Payment as stored procedures of PostgreSQL, on the tables of its specification as far as the two need them.

import type { Pool } from 'pg'
import type { Tpcc, TpccTotals } from '../systems/system.ts'
import { priceOf, tpccScale } from '../tpcc-plan.ts'
import type { Call } from './postgresql.ts'

const { warehouses, districts, customers, items } = tpccScale

const schema = `
create table warehouse (w int primary key, ytd bigint not null default 0, tax int not null default 5);
create table district (
  w int, d int, next_order int not null default 1, ytd bigint not null default 0, tax int not null default 5,
  primary key (w, d)
);
create table customer (
  w int, d int, c int, balance bigint not null default 0, ytd bigint not null default 0,
  payments int not null default 0, discount int not null default 10, primary key (w, d, c)
);
create table stock (
  w int, item int, quantity int not null default 100, ytd bigint not null default 0, orders int not null default 0,
  remote int not null default 0, primary key (w, item)
);
create table orders (w int, d int, o int, c int not null, total numeric not null, primary key (w, d, o));
create table order_line (
  w int, d int, o int, line int, item int not null, supplier int not null, quantity int not null,
  primary key (w, d, o, line)
);
insert into warehouse (w) select generate_series(0, ${warehouses - 1});
insert into district (w, d) select w, d from warehouse, generate_series(0, ${districts - 1}) as d;
insert into customer (w, d, c) select w, d, c from district, generate_series(0, ${customers - 1}) as c;
insert into stock (w, item) select w, item from warehouse, generate_series(0, ${items - 1}) as item;

create function new_order(
  in_w int, in_d int, in_c int, in_items int[], in_suppliers int[], in_quantities int[], in_prices int[]
) returns int language plpgsql as $$
declare
  number int;
  taxes int;
  reduction int;
  whole numeric := 0;
  row record;
begin
  update district set next_order = next_order + 1 where w = in_w and d = in_d
    returning next_order - 1, tax into number, taxes;
  select taxes + tax into taxes from warehouse where w = in_w;
  select discount into reduction from customer where w = in_w and d = in_d and c = in_c;
  for row in
    select * from unnest(in_items, in_suppliers, in_quantities, in_prices) as l (item, supplier, quantity, price)
    order by supplier, item
  loop
    update stock set
      quantity = case when quantity >= row.quantity + 10 then quantity - row.quantity else quantity - row.quantity + 91 end,
      ytd = ytd + row.quantity,
      orders = orders + 1,
      remote = remote + case when row.supplier = in_w then 0 else 1 end
    where w = row.supplier and item = row.item;
    whole := whole + row.quantity * row.price;
  end loop;
  insert into orders values (in_w, in_d, number, in_c, whole * (100 - reduction) * (100 + taxes) / 10000);
  insert into order_line
    select in_w, in_d, number, line, item, supplier, quantity
    from unnest(in_items, in_suppliers, in_quantities) with ordinality as l (item, supplier, quantity, line);
  return number;
end $$;

create function payment(in_w int, in_d int, in_cw int, in_cd int, in_c int, amount int) returns void language plpgsql as $$
begin
  update warehouse set ytd = ytd + amount where w = in_w;
  update district set ytd = ytd + amount where w = in_w and d = in_d;
  update customer set balance = balance - amount, ytd = ytd + amount, payments = payments + 1
    where w = in_cw and d = in_cd and c = in_c;
end $$;`

const totals = `
select
  (select sum(next_order - 1) from district),
  (select count(*) from order_line),
  (select sum(ytd) from stock),
  (select sum(ytd) from warehouse),
  (select sum(ytd) from district)`

/** Makes the tables and fills them. */
export async function openPostgresqlTpcc(pool: Pool, call: Call): Promise<Tpcc> {
  await pool.query(schema)
  return {
    newOrder: async ({ warehouse, district, customer, lines }) =>
      Number(
        await call('new_order', 'select new_order($1, $2, $3, $4, $5, $6, $7)', [
          warehouse,
          district,
          customer,
          lines.map(({ item }) => item),
          lines.map(({ supplier }) => supplier),
          lines.map(({ quantity }) => quantity),
          lines.map(({ item }) => priceOf(item)),
        ]),
      ),
    payment: ({ warehouse, district, customerWarehouse, customerDistrict, customer, amount }) =>
      call('payment', 'select payment($1, $2, $3, $4, $5, $6)', [
        warehouse,
        district,
        customerWarehouse,
        customerDistrict,
        customer,
        amount,
      ]),
    totals: () => totalsIn(pool),
  }
}

async function totalsIn(pool: Pool): Promise<TpccTotals> {
  const { rows } = await pool.query({ text: totals, rowMode: 'array' })
  // Rows are lists in this mode, whatever the type says.
  const [orders, orderLines, sold, paidWarehouses, paidDistricts] = (rows as readonly (readonly unknown[])[])[0]!.map(
    Number,
  )
  // There are as many columns as there are names.
  return { orders, orderLines, sold, paidWarehouses, paidDistricts } as TpccTotals
}
