// wordcount.c for Go: a goroutine for each of GOMAXPROCS, which takes pieces of the text, and has a table of its own.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const piece = 1 << 20

type word struct {
	hash  uint64
	text  []byte
	count uint32
}

// Open addressing; at most half full.
type table struct {
	words []word
	used  int
}

func (t *table) find(hash uint64, text []byte) *word {
	mask := uint64(len(t.words) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		w := &t.words[i]
		if w.count == 0 || (w.hash == hash && bytes.Equal(w.text, text)) {
			return w
		}
	}
}

func (t *table) grow() {
	old := t.words
	size := 2 * len(old)
	if size == 0 {
		size = 4096
	}
	t.words = make([]word, size)
	for i := range old {
		if old[i].count > 0 {
			*t.find(old[i].hash, old[i].text) = old[i]
		}
	}
}

func (t *table) add(hash uint64, text []byte, count uint32) {
	if 2*t.used >= len(t.words) {
		t.grow()
	}
	w := t.find(hash, text)
	if w.count == 0 {
		w.hash, w.text = hash, text
		t.used++
	}
	w.count += count
}

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z'
}

// The words that begin in the piece.
func (t *table) countWords(text []byte, begin, end int) {
	at := begin
	if begin > 0 && isLetter(text[at-1]) { // this one began before
		for at < len(text) && isLetter(text[at]) {
			at++
		}
	}
	for at < end {
		start := at
		hash := uint64(14695981039346656037)
		for at < len(text) && isLetter(text[at]) {
			hash = (hash ^ uint64(text[at])) * 1099511628211
			at++
		}
		if at > start {
			t.add(hash^hash>>32, text[start:at], 1)
		} else {
			at++
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: wordcount_go FILE")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	start := time.Now()
	tables := make([]table, runtime.GOMAXPROCS(0))
	var next int64
	var group sync.WaitGroup
	for i := range tables {
		group.Add(1)
		go func(t *table) {
			defer group.Done()
			for {
				begin := int(atomic.AddInt64(&next, piece)) - piece
				if begin >= len(text) {
					return
				}
				end := begin + piece
				if end > len(text) {
					end = len(text)
				}
				t.countWords(text, begin, end)
			}
		}(&tables[i])
	}
	group.Wait()
	all := &tables[0]
	for i := 1; i < len(tables); i++ {
		for j := range tables[i].words {
			if w := &tables[i].words[j]; w.count > 0 {
				all.add(w.hash, w.text, w.count)
			}
		}
	}
	seconds := time.Since(start).Seconds()

	words, sum := uint64(0), uint64(0)
	for i := range all.words {
		words += uint64(all.words[i].count)
		sum += all.words[i].hash * uint64(all.words[i].count)
	}
	fmt.Printf("%.4f %d %d %x\n", seconds, words, all.used, sum)
}
