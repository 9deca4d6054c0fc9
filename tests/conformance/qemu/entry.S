/*
 * entry.S - where the test kernel starts, leaves for an access, and comes back.
 *
 * shot_fire() turns paging on, goes by IRET to shot_eip at the privilege level of shot_cs, and
 * returns when an exception or INT 80h brings the CPU back, with paging off again.
 */
#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x00000002 /* tell about memory */
#define PAGING 0x80000000
#define USER_STACK 0x400ff0 /* in the user page; never used */

        .section .multiboot, "a"
        .align 4
        .long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

        .text
        .globl start
start:  cli
        cld
        movl $kernel_stack_end, %esp
        pushl %ebx
        call kernel_main
1:      hlt
        jmp 1b

        .globl load_segments
load_segments:                  /* GDT and IDT are set; every level may use the data of level 3 */
        lgdt gdt_pointer
        lidt idt_pointer
        ljmp $0x08, $1f
1:      movl $0x10, %eax
        movl %eax, %ss
        movl $0x43, %eax
        movl %eax, %ds
        movl %eax, %es
        movl %eax, %fs
        movl %eax, %gs
        movl $0x48, %eax
        ltr %ax
        ret

        .globl shot_fire
shot_fire:
        pushl %ebx
        pushl %esi
        pushl %edi
        pushl %ebp
        movl %esp, shot_esp
        movl shot_cr0, %eax
        movl %eax, %cr0
        jmp 1f
1:      movl shot_cs, %ecx
        testl $3, %ecx
        jz 2f
        pushl shot_ss
        pushl $USER_STACK
2:      pushl shot_eflags
        pushl %ecx
        pushl shot_eip
        movl shot_address, %ebx
        movl shot_data, %eax
        iret

/* What a shot does at its level: %ebx is the address, %eax the data. In a page of its own, because
   level 3 gets a copy. */
        .align 4096
        .globl stubs
stubs:
        .globl stub_read
stub_read:
        movl (%ebx), %eax
        int $0x80
        .globl stub_write
stub_write:
        movl %eax, (%ebx)
        int $0x80
        .globl stub_locked
stub_locked:
        lock xaddl %eax, (%ebx)
        int $0x80
        .globl stub_implicit
stub_implicit:                  /* the limit in the first descriptor of the local table */
        movl $-1, %eax
        movl $7, %ecx
        lsll %ecx, %eax
        int $0x80
        .globl stub_read_byte
stub_read_byte:
        movzbl (%ebx), %eax
        int $0x80
        .globl stubs_end
stubs_end:
        .align 4096

/* The way back. */
        .globl shot_done
shot_done:
        movl %eax, shot_value
        movl $0xff, shot_vector
        jmp back
exception:
        popl shot_vector
        popl shot_error
        movl %cr2, %eax
        movl %eax, shot_cr2
back:   movl shot_esp, %esp
        pushl $2
        popfl
        movl %cr0, %eax
        andl $~PAGING, %eax
        movl %eax, %cr0
        jmp 1f
1:      popl %ebp
        popl %edi
        popl %esi
        popl %ebx
        ret

/* Entry points of the exceptions 0-31; 8, 10-14, 17, 21, 29 and 30 push an error code. */
        .altmacro
        .macro entry_point number
exception_\number:
        .if !((\number == 8) || ((\number >= 10) && (\number <= 14)) || (\number == 17) || (\number == 21) || (\number == 29) || (\number == 30))
        pushl $0
        .endif
        pushl $\number
        jmp exception
        .endm
        .macro entry_address number
        .long exception_\number
        .endm
        .set n, 0
        .rept 32
        entry_point %n
        .set n, n + 1
        .endr

        .section .rodata
        .globl exception_entries
exception_entries:
        .set n, 0
        .rept 32
        entry_address %n
        .set n, n + 1
        .endr

        .bss
        .align 16
        .skip 16384
        .globl kernel_stack_end
kernel_stack_end:
