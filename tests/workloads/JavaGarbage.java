// SPDX-License-Identifier: GPL-2.0-only

// usage: java -Xlog:safepoint JavaGarbage SECONDS
// Two threads make garbage, and little else happens than that it is collected.  Truth: what the
// JVM's own log says of each safepoint.
public class JavaGarbage {
	static volatile Object kept;

	static Object tree(int depth) {
		return depth == 0 ? new Object[2]
				  : new Object[] { tree(depth - 1), tree(depth - 1) };
	}

	public static void main(String[] args) throws Exception {
		long end = System.nanoTime() + (long)(Double.parseDouble(args[0]) * 1e9);
		for (int i = 0; i < 2; i++) {
			Thread maker = new Thread(() -> {
				while (true)
					kept = tree(14);
			}, "maker" + i);
			maker.setDaemon(true);
			maker.start();
		}
		while (System.nanoTime() < end)
			Thread.sleep(10);
	}
}
