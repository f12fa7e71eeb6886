// SPDX-License-Identifier: GPL-2.0-only
// locks.c with Rust's std::sync::Mutex: `rustlocks SECONDS`.  The truth that it prints is made
// in the same way.
use std::ptr::read_volatile;
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

#[derive(Clone, Copy)]
struct Tally {
    n: u64,
    ns: u64,
}

struct Account {
    last: usize, // who unlocked last
    by_holder: [Tally; 3],
}

struct Slot {
    version: u64,
    lock: Mutex<Account>,
}

struct Server {
    pool: [Slot; 2],
}

const ZERO: Tally = Tally { n: 0, ns: 0 };
const SLOT: Slot = Slot {
    version: 1,
    lock: Mutex::new(Account { last: 0, by_holder: [ZERO; 3] }),
};
static SERVER: Server = Server { pool: [SLOT; 2] };

#[inline(never)]
fn take(slot: &Slot) -> MutexGuard<'_, Account> {
    if let Ok(guard) = slot.lock.try_lock() {
        return guard;
    }
    let start = Instant::now();
    let mut guard = slot.lock.lock().unwrap();
    let last = guard.last;
    guard.by_holder[last].n += 1;
    guard.by_holder[last].ns += start.elapsed().as_nanos() as u64;
    guard
}

fn nap(us: u64) {
    thread::sleep(Duration::from_micros(us));
}

// A use that the compiler keeps, so that what is before it is no tail call; black_box is
// younger than the Rust of Debian 12.
fn touch(value: &u64) {
    unsafe { read_volatile(value) };
}

#[inline(never)]
fn hold_a(slot: &Slot) {
    let mut guard = take(slot);
    nap(3000);
    guard.last = 0;
    drop(guard);
    touch(&slot.version);
}

#[inline(never)]
fn hold_b(slot: &Slot) {
    let mut guard = take(slot);
    nap(1500);
    guard.last = 1;
    drop(guard);
    touch(&slot.version);
}

#[inline(never)]
fn hold_c(slot: &Slot) {
    let mut guard = take(slot);
    nap(300);
    guard.last = 2;
    drop(guard);
    touch(&slot.version);
}

fn run(which: usize, end: Instant) {
    let mut i = which;
    while Instant::now() < end {
        match which {
            0 => hold_a(&SERVER.pool[0]),
            1 => hold_b(&SERVER.pool[1]),
            _ => hold_c(&SERVER.pool[i % 2]),
        }
        nap(if which < 2 { 2000 } else { 500 });
        i += 1;
    }
}

fn main() {
    let seconds = std::env::args().nth(1).map_or(1.0, |s| s.parse().unwrap());
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let threads: Vec<_> = (0..4).map(|i| thread::spawn(move || run(i, end))).collect();
    let mut holders = [ZERO; 3];

    for thread in threads {
        thread.join().unwrap();
    }
    for (l, slot) in SERVER.pool.iter().enumerate() {
        let account = slot.lock.lock().unwrap();
        let (mut n, mut ns) = (0, 0);
        for (h, tally) in account.by_holder.iter().enumerate() {
            n += tally.n;
            ns += tally.ns;
            holders[h].n += tally.n;
            holders[h].ns += tally.ns;
        }
        println!("lock pool[{}] {} {:.4}", l, n, ns as f64 / 1e9);
    }
    for (name, tally) in ["hold_a", "hold_b", "hold_c"].iter().zip(holders) {
        println!("holder {} {} {:.4}", name, tally.n, tally.ns as f64 / 1e9);
    }
}
