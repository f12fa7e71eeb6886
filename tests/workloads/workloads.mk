# SPDX-License-Identifier: GPL-2.0-only
# Programs of known behaviour that are profiled by the live tests and the demo.
workloads:
