// SPDX-License-Identifier: GPL-2.0-only

/**
 * usage: java JavaBurn [SECONDS]
 *
 * Burns 70 : 30 in burn70 and burn30: the same loop, run seven and three times.  Truth:
 * that split of what is compiled, and below each stands work.
 */
public class JavaBurn {
    static long sink;

    static void burn70() {
        for (int i = 0; i < 7; i++) {
            sink += spin(sink);
        }
    }

    static void burn30() {
        for (int i = 0; i < 3; i++) {
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
        burn70();
        burn30();
    }

    public static void main(String[] args) {
        double seconds = args.length > 0 ? Double.parseDouble(args[0]) : 1.0;
        long end = System.nanoTime() + (long) (seconds * 1e9);

        while (System.nanoTime() < end) {
            work();
        }
    }
}
