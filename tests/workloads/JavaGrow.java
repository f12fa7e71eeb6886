// SPDX-License-Identifier: GPL-2.0-only

import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

// Grows by a line on standard input, shrinks by another, ends by a third, and says so: 96 MiB in
// arrays of 16 KiB.
public class JavaGrow {
	static List<byte[]> kept = new ArrayList<>();

	static void grow() {
		for (int i = 0; i < 6144; i++)
			kept.add(new byte[16384]);
	}

	static void say(String what) throws Exception {
		System.out.println(what);
		System.out.flush();
		if (System.in.read() < 0)
			System.exit(0);
	}

	public static void main(String[] args) throws Exception {
		say("ready");
		grow();
		say("grown");
		kept = null;
		System.gc();
		say("shrunk");
	}
}
