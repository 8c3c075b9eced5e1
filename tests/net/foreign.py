# SPDX-License-Identifier: GPL-2.0-only
"""Somebody else's tc program, without any tool: it drops frames of one EtherType and leaves the rest to others."""
import ctypes
import os
import socket
import struct

import netsite
import pins

ETHERTYPE = 0x88B7
PROG_LOAD, PROG_QUERY, LINK_CREATE, SCHED_CLS = 5, 16, 28, 3
TCX = {"ingress": 46, "egress": 47}


def _insn(code, registers, offset, value):
    return struct.pack("<BBhi", code, registers, offset, value)


def load():
    """Descriptor of the program: if (skb->protocol == htons(ETHERTYPE)) return TC_ACT_SHOT; return TC_ACT_UNSPEC."""
    code = (_insn(0x61, 0x12, 16, 0)                                                     # r2 = skb->protocol
            + _insn(0xB7, 0, 0, -1)                                                      # r0 = TC_ACT_UNSPEC
            + _insn(0x55, 2, 1, int.from_bytes(struct.pack("!H", ETHERTYPE), "little"))  # if r2 != it: skip one
            + _insn(0xB7, 0, 0, 2)                                                       # r0 = TC_ACT_SHOT
            + _insn(0x95, 0, 0, 0))                                                      # exit
    instructions, licence = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b"GPL")
    return pins.bpf(PROG_LOAD, struct.pack("=IIQQ", SCHED_CLS, len(code) // 8, ctypes.addressof(instructions),
                                           ctypes.addressof(licence)))


def pin(path):
    fd, name = load(), ctypes.create_string_buffer(os.fsencode(path))
    pins.bpf(pins.OBJ_PIN, struct.pack("=QII", ctypes.addressof(name), fd, 0))
    os.close(fd)


def tcx(site, name, side):
    """A tcx link behind all others; it lasts as long as the descriptor that is returned."""
    fd = load()
    with site.inside(netsite.SWITCH):
        index = socket.if_nametoindex(name)
        link = pins.bpf(LINK_CREATE, struct.pack("=IIII", fd, index, TCX[side], 0))
    os.close(fd)
    return link


def programs(site, name, side):
    """Ids of all tcx programs on one side of an interface of the switch, in the order they run."""
    ids = (ctypes.c_uint32 * 16)()
    attr = ctypes.create_string_buffer(144)
    with site.inside(netsite.SWITCH):
        struct.pack_into("=IIIIQI", attr, 0, socket.if_nametoindex(name), TCX[side], 0, 0, ctypes.addressof(ids), 16)
        pins.bpf_buffer(PROG_QUERY, attr)
    return list(ids[:struct.unpack_from("=I", attr, 24)[0]])
