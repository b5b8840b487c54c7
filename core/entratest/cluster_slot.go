package entratest

import "strings"

// KeySlot returns the slot of a key in a Redis cluster, from 0 to 16383, as CLUSTER KEYSLOT does: of what stands
// between the first { and the next }, or of the whole key if that is nothing.
func KeySlot(key string) int {
	if _, rest, ok := strings.Cut(key, "{"); ok {
		if tag, _, ok := strings.Cut(rest, "}"); ok && tag != "" {
			key = tag
		}
	}
	var crc uint16 // CRC-16/XMODEM: polynomial 0x1021, from 0, not reflected
	for _, b := range []byte(key) {
		crc ^= uint16(b) << 8
		for range 8 {
			carry := crc&0x8000 != 0
			crc <<= 1
			if carry {
				crc ^= 0x1021
			}
		}
	}
	return int(crc) % slotCount
}
