/* SPDX-License-Identifier: GPL-2.0-only */
#include "trace_detail.h"

#include "disk_name.h"

#define SECTOR_BYTES 512u
#define MINOR_BITS   20
#define MAX_CPUS     8192u

static const char *const softirqs[] = { /* as the kernel numbers them */
					"HI",       "TIMER",   "NET_TX", "NET_RX",  "BLOCK",
					"IRQ_POLL", "TASKLET", "SCHED",  "HRTIMER", "RCU"
};

static void put_fault(struct trace_detail *detail, const struct trace_record *record)
{
	struct event event = {
		.kind = EVENT_PAGE_FAULT,
		.time_ns = record->time_ns,
		.page_fault = {
			.tid = record->fault.tid,
			.cpu = record->cpu,
			.address = record->fault.address,
			.access = record->fault.access,
		},
	};

	if (!life_concerns(detail->life, record->fault.tid))
		return;
	event_sink_put(detail->sink, &event);
}

static uint32_t device_of(struct trace_detail *detail, uint32_t dev)
{
	uint64_t *known = map_insert(&detail->devices, dev);
	unsigned int major = dev >> MINOR_BITS, minor = dev & ((1u << MINOR_BITS) - 1);
	struct buf name = { 0 };

	if (!*known) {
		if (!disk_name_add(&name, major, minor))
			buf_printf(&name, "%u:%u", major, minor);
		*known = definer_bytes(detail->definer, name.data, name.size);
		buf_release(&name);
	}
	return (uint32_t)*known;
}

static void put_disk_io(struct trace_detail *detail, const struct trace_record *record)
{
	const struct trace_disk_io *io = &record->disk;
	struct event event = { .kind = EVENT_DISK_IO, .time_ns = record->time_ns };
	struct trace_request request;

	if (!trace_disk_done(&detail->disk, io, &request) ||
	    !life_concerns(detail->life, request.tid))
		return;
	event.disk_io = (struct event_disk_io){
		.tid = request.tid,
		.cpu = record->cpu,
		.device = device_of(detail, io->dev),
		.sector = request.sector,
		.bytes = request.n_sectors * SECTOR_BYTES,
		.op = io->op,
		.error = (uint32_t)(io->error < 0 ? -io->error : io->error),
		.duration_ns = record->time_ns - request.issued_ns,
		.queued_ns = request.made_ns ? request.issued_ns - request.made_ns : 0,
	};
	event_sink_put(detail->sink, &event);
}

static void put_signal(struct trace_detail *detail, const struct trace_record *record)
{
	struct event event = {
		.kind = EVENT_SIGNAL,
		.time_ns = record->time_ns,
		.signal = {
			.tid = record->signal.tid,
			.cpu = record->cpu,
			.signo = record->signal.signo,
			.step = record->signal.step,
			.sender = record->signal.sender,
			.process = record->signal.to_process,
		},
	};

	if (life_concerns(detail->life, record->signal.tid))
		event_sink_put(detail->sink, &event);
}

static struct trace_cpu_irqs *cpu_of(struct trace_detail *detail, uint32_t cpu)
{
	while (detail->cpus.n <= cpu)
		array_add(&detail->cpus);
	return &detail->cpus.items[cpu];
}

static uint32_t softirq_name(struct trace_detail *detail, uint32_t nr)
{
	return nr < sizeof(softirqs) / sizeof(softirqs[0]) ?
		       definer_string(detail->definer, softirqs[nr]) :
		       0;
}

static void begin_irq(struct trace_detail *detail, const struct trace_record *record)
{
	struct trace_cpu_irqs *irqs = cpu_of(detail, record->cpu);
	bool is_hard = record->kind == TRACE_IRQ_ENTRY;
	struct trace_handler *handler = is_hard ? &irqs->hard : &irqs->soft;

	*handler = (struct trace_handler){
		.start_ns = record->time_ns,
		.nr = record->irq.nr,
		.tid = record->irq.tid,
		.name = is_hard ? definer_bytes(detail->definer, record->irq.name,
						record->irq.name_size) :
				  softirq_name(detail, record->irq.nr),
	};
}

static void end_irq(struct trace_detail *detail, const struct trace_record *record)
{
	struct trace_cpu_irqs *irqs = cpu_of(detail, record->cpu);
	bool is_hard = record->kind == TRACE_IRQ_EXIT;
	struct trace_handler *handler = is_hard ? &irqs->hard : &irqs->soft;
	uint64_t start_ns = handler->start_ns;
	struct event event = {
		.kind = EVENT_INTERRUPT,
		.time_ns = record->time_ns,
		.interrupt = {
			.cpu = record->cpu,
			.tid = handler->tid,
			.kind = is_hard ? INTERRUPT_HARD : INTERRUPT_SOFT,
			.nr = handler->nr,
			.name = handler->name,
			.duration_ns = record->time_ns - start_ns,
			.nested_ns = handler->nested_ns,
		},
	};

	handler->start_ns = 0;
	if (!start_ns || handler->nr != record->irq.nr)
		return;
	if (is_hard)
		irqs->soft.nested_ns += event.interrupt.duration_ns;
	event_sink_put(detail->sink, &event);
}

void trace_detail_take(struct trace_detail *detail, const struct trace_record *record)
{
	if (record->cpu >= MAX_CPUS)
		return;
	switch (record->kind) {
	case TRACE_FAULT:
		put_fault(detail, record);
		break;
	case TRACE_IRQ_ENTRY:
	case TRACE_SOFTIRQ_ENTRY:
		begin_irq(detail, record);
		break;
	case TRACE_IRQ_EXIT:
	case TRACE_SOFTIRQ_EXIT:
		end_irq(detail, record);
		break;
	case TRACE_DISK_START:
		trace_disk_start(&detail->disk, &record->disk, record->time_ns);
		break;
	case TRACE_DISK_ISSUE:
		trace_disk_issue(&detail->disk, &record->disk, record->time_ns);
		break;
	case TRACE_DISK_DONE:
		put_disk_io(detail, record);
		break;
	case TRACE_SIGNAL_SENT:
	case TRACE_SIGNAL_DELIVERED:
		put_signal(detail, record);
		break;
	default:
		break;
	}
}

void trace_detail_gap(struct trace_detail *detail, uint32_t cpu)
{
	if (cpu < detail->cpus.n)
		detail->cpus.items[cpu] = (struct trace_cpu_irqs){ 0 };
	trace_disk_gap(&detail->disk);
}

/* Of interrupts that run just now, what they are called ends with them. */
void trace_detail_forget_ids(struct trace_detail *detail)
{
	map_clear(&detail->devices);
}

void trace_detail_release(struct trace_detail *detail)
{
	trace_disk_release(&detail->disk);
	array_release(&detail->cpus);
	map_release(&detail->devices);
}
