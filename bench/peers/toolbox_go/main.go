// toolbox.c for Go: `toolbox_go NAME COUNT`.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	room  = 128
	tasks = 8
)

func expect(got, expected int64) {
	if got != expected {
		log.Fatalf("%d where %d is right", got, expected)
	}
}

func roundTrip(count int64) {
	to, from := make(chan int64), make(chan int64)
	go func() {
		for value := range to {
			from <- value + 1
		}
	}()
	for i := int64(0); i < count; i++ {
		to <- i
		expect(<-from, i+1)
	}
	close(to)
}

func buffered(count, pairs int64) {
	between := make(chan int64, room)
	sums := make([]int64, pairs)
	each := count / pairs
	var group sync.WaitGroup
	group.Add(int(2 * pairs))
	for i := int64(0); i < pairs; i++ {
		go func() {
			defer group.Done()
			for i := int64(0); i < each; i++ {
				between <- i
			}
		}()
	}
	for i := int64(0); i < pairs; i++ {
		go func(sum *int64) {
			defer group.Done()
			own := int64(0)
			for i := int64(0); i < each; i++ {
				own += <-between
			}
			*sum = own
		}(&sums[i])
	}
	group.Wait()
	sum := int64(0)
	for _, s := range sums {
		sum += s
	}
	expect(sum, pairs*(each*(each-1)/2))
}

func endless(to chan<- int64) {
	for i := int64(0); ; i++ {
		to <- i
	}
}

// The senders stay parked at the end: a channel with a sender waiting must not be closed.
func selectFour(count int64) {
	var from [4]chan int64
	for i := range from {
		from[i] = make(chan int64)
		go endless(from[i])
	}
	a, b, c, d := from[0], from[1], from[2], from[3]
	var next [4]int64
	for i := int64(0); i < count; i++ {
		var value int64
		var at int
		select {
		case value = <-a:
			at = 0
		case value = <-b:
			at = 1
		case value = <-c:
			at = 2
		case value = <-d:
			at = 3
		}
		expect(value, next[at])
		next[at]++
	}
}

func mutex(count int64) {
	var lock sync.Mutex
	var group sync.WaitGroup
	total := int64(0)
	group.Add(tasks)
	for i := 0; i < tasks; i++ {
		go func() {
			defer group.Done()
			for i := int64(0); i < count/tasks; i++ {
				lock.Lock()
				total++
				lock.Unlock()
			}
		}()
	}
	group.Wait()
	expect(total, count/tasks*tasks)
}

func main() {
	works := map[string]func(int64){
		"round-trip":   roundTrip,
		"buffered-1:1": func(count int64) { buffered(count, 1) },
		"buffered-4:4": func(count int64) { buffered(count, 4) },
		"select-4":     selectFour,
		"mutex-8":      mutex,
	}
	var run func(int64)
	var count int64
	if len(os.Args) == 3 {
		run = works[os.Args[1]]
		count, _ = strconv.ParseInt(os.Args[2], 10, 64)
	}
	if run == nil || count <= 0 {
		log.Fatal("usage: toolbox_go round-trip|buffered-1:1|buffered-4:4|select-4|mutex-8 COUNT")
	}
	run(count / 10)
	start := time.Now()
	run(count)
	fmt.Printf("%.2f\n", float64(time.Since(start).Nanoseconds())/float64(count))
}
