// SPDX-License-Identifier: GPL-2.0-only
// locks.c with Rust's std::sync::Mutex, or with --cfg parking parking_lot's: `rustlocks SECONDS`.
// The truth that it prints is made in the same way; of parking_lot, whose threads give their CPU
// away some times before they wait, of the rounds in which they did wait, by the kernel's count.
use mutex::{Mutex, MutexGuard};
use std::ptr::read_volatile;
use std::thread;
use std::time::{Duration, Instant};

#[cfg(not(parking))]
mod mutex {
    pub use std::sync::{Mutex, MutexGuard};

    pub fn attempt<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
        mutex.try_lock().ok()
    }

    pub fn waits() -> i64 {
        static N: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);

        N.fetch_add(1, std::sync::atomic::Ordering::Relaxed) // each is one
    }

    pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap()
    }
}

#[cfg(parking)]
mod mutex {
    pub use parking_lot::{Mutex, MutexGuard};

    pub fn attempt<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
        mutex.try_lock()
    }

    extern "C" {
        fn getrusage(who: i32, usage: *mut [i64; 18]) -> i32;
    }

    // How often this thread went to wait.
    pub fn waits() -> i64 {
        const RUSAGE_THREAD: i32 = 1;
        const NVCSW: usize = 16;
        let mut usage = [0; 18];

        unsafe { getrusage(RUSAGE_THREAD, &mut usage) };
        usage[NVCSW]
    }

    pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock()
    }
}

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
    if let Some(guard) = mutex::attempt(&slot.lock) {
        return guard;
    }
    let (start, before) = (Instant::now(), mutex::waits());
    let mut guard = mutex::lock(&slot.lock);
    if mutex::waits() > before {
        let last = guard.last;
        guard.by_holder[last].n += 1;
        guard.by_holder[last].ns += start.elapsed().as_nanos() as u64;
    }
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
        let account = mutex::lock(&slot.lock);
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
