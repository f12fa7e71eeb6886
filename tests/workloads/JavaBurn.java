// SPDX-License-Identifier: GPL-2.0-only

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * usage: java JavaBurn [SECONDS]
 *
 * Burns SECONDS of CPU, 70 : 30 in burn70 and burn30, the same loop, in turns of random order
 * and length.  Prints the rounds of each, as JSON: the truth of what is compiled.  Below each
 * stands work.
 */
public class JavaBurn {
    static long sink;
    static long random = 42;
    static long in70, in30;

    static void burn70(int rounds) {
        for (int i = 0; i < rounds; i++) {
            sink += spin(sink);
        }
    }

    static void burn30(int rounds) {
        for (int i = 0; i < rounds; i++) {
            sink += spin(sink);
        }
    }

    static long spin(long x) {
        for (int i = 0; i < 20000; i++) {
            x = x * 6364136223846793005L + 1442695040888963407L;
        }
        return x;
    }

    static void work() {
        random = random * 6364136223846793005L + 1442695040888963407L;
        int rounds = 1 + (int) ((random >>> 33) % 20);

        if ((random >>> 40) % 10 < 7) {
            burn70(rounds);
            in70 += rounds;
        } else {
            burn30(rounds);
            in30 += rounds;
        }
    }

    public static void main(String[] args) {
        double seconds = args.length > 0 ? Double.parseDouble(args[0]) : 1.0;
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long end = threads.getCurrentThreadCpuTime() + (long) (seconds * 1e9);

        while (threads.getCurrentThreadCpuTime() < end) {
            work();
        }
        System.out.printf("{\"burn70\": %d, \"burn30\": %d}%n", in70, in30);
    }
}
