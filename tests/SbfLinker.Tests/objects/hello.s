# The small program that the tests link; hello.o is what `llvm-mc-19 -triple=bpfel -filetype=obj` makes of it.
# Logs "hello", takes a function from a table of pointers, calls it and doubles what it returns: ends with error 14.
	.section	.text.entrypoint,"ax",@progbits
	.globl	entrypoint
	.type	entrypoint,@function
entrypoint:
	r1 = message ll
	r2 = 5
	call sol_log_
	r1 = table ll
	r1 = *(u64 *)(r1 + 8)
	callx r1
	r1 = r0
	call twice
	if r0 == 14 goto .Lright
	r0 = 1
.Lright:
	exit
.Lend0:
	.size	entrypoint, .Lend0-entrypoint

	.section	.text.unused,"ax",@progbits
	.globl	unused
	.type	unused,@function
unused:
	call sol_never_called_
	exit

	.section	.text.seven,"ax",@progbits
	.type	seven,@function
seven:
	r0 = 7
	exit

	.section	.text.twice,"ax",@progbits
	.type	twice,@function
twice:
	r0 = r1
	r0 += r1
	exit

	.section	.rodata.str,"a",@progbits
message:
	.ascii	"hello"

	.section	.data.rel.ro.table,"aw",@progbits
	.p2align	3
table:
	.quad	twice
	.quad	seven

	.section	.bss.unused,"aw",@nobits
	.globl	writable
writable:
	.zero	8
