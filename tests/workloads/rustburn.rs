// SPDX-License-Identifier: GPL-2.0-only

//! usage: rustburn [SECONDS]
//! A thread burns 70 : 30 in burn::seventy and burn::Thirty::run, the same loop, run seven and
//! three times.  Truth: that split, and below each stand worker and the thread's start.

use std::hint::black_box;
use std::time::{Duration, Instant};

mod burn {
    use std::hint::black_box;

    #[inline(always)]
    fn spin(times: u64) {
        for _ in 0..times * 20000 {
            let x: u64 = black_box(7);
            black_box(x.wrapping_mul(6364136223846793005));
        }
    }

    #[inline(never)]
    pub fn seventy() {
        spin(7);
        black_box(());
    }

    pub struct Thirty<T>(pub T);

    impl<T: Copy + Into<u64>> Thirty<T> {
        #[inline(never)]
        pub fn run(&self) {
            spin(self.0.into());
            black_box(());
        }
    }
}

#[inline(never)]
fn worker(end: Instant) {
    while Instant::now() < end {
        burn::seventy();
        burn::Thirty(black_box(3u32)).run();
    }
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(1.0);
    let end = Instant::now() + Duration::from_secs_f64(seconds);

    std::thread::spawn(move || worker(end)).join().unwrap();
}
