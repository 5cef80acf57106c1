// The fib service with a goroutine per connection.
package main

import (
	"log"
	"net"
	"os"
	"strconv"
	"strings"
)

//go:noinline
func fib(n int64) int64 {
	if n <= 2 {
		return 1
	}
	return fib(n-1) + fib(n-2)
}

func serve(c net.Conn) {
	defer c.Close()
	request := make([]byte, 64)
	answer := make([]byte, 0, 64)
	for {
		n, err := c.Read(request)
		if err != nil {
			return
		}
		wanted, err := strconv.ParseInt(strings.TrimSpace(string(request[:n])), 10, 64)
		if err != nil {
			return
		}
		answer = append(strconv.AppendInt(answer[:0], fib(wanted), 10), '\n')
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: fib_go ADDRESS")
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		c, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(c)
	}
}
