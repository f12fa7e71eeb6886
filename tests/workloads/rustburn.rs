// SPDX-License-Identifier: GPL-2.0-only

//! usage: rustburn [SECONDS]
//! A thread burns SECONDS of CPU, about 70 : 30 in burn::seventy and burn::Thirty::run, in turns of random
//! order and length.  Prints the CPU time that each took, as JSON: the truth.
//! Below each stand worker and the thread's start.

use std::ptr::{read_volatile, write_volatile};
use std::time::Duration;

mod burn {
    use super::opaque;

    #[inline(always)]
    fn spin(times: u64) {
        let mut x: u64 = opaque(7);
        for i in 0..times * 20000 {
            x = (x ^ i).wrapping_mul(6364136223846793005);
        }
        opaque(x);
    }

    #[inline(never)]
    pub fn seventy(times: u64) {
        spin(times);
    }

    pub struct Thirty<T>(pub T);

    impl<T: Copy + Into<u64>> Thirty<T> {
        #[inline(never)]
        pub fn run(&self) {
            spin(self.0.into());
        }
    }
}

/// The value itself, but the compiler cannot know.
#[inline(always)]
fn opaque<T: Copy>(value: T) -> T {
    let mut place = value;
    unsafe {
        write_volatile(&mut place, value);
        read_volatile(&place)
    }
}

extern "C" {
    fn clock_gettime(clock: i32, ret: *mut [i64; 2]) -> i32;
}

const CLOCK_THREAD_CPUTIME_ID: i32 = 3;

fn cpu_time() -> Duration {
    let mut now = [0i64; 2];

    unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &mut now) };
    Duration::new(now[0] as u64, now[1] as u32)
}

fn timed(total: &mut Duration, work: impl FnOnce()) {
    let start = cpu_time();
    work();
    *total += cpu_time() - start;
}

#[inline(never)]
fn worker(end: Duration) -> (Duration, Duration) {
    let (mut seventy, mut thirty) = Default::default();

    let mut random: u64 = 42;

    while cpu_time() < end {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let times = 1 + (random >> 33) % 20;
        if (random >> 40) % 10 < 7 {
            timed(&mut seventy, || burn::seventy(times));
        } else {
            timed(&mut thirty, || burn::Thirty(times as u32).run());
        }
    }
    (seventy, thirty)
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(1.0);
    let end = Duration::from_secs_f64(seconds);
    let (seventy, thirty) = std::thread::spawn(move || worker(end)).join().unwrap();

    println!("{{\"seventy\": {}, \"thirty\": {}}}", seventy.as_nanos(), thirty.as_nanos());
}
